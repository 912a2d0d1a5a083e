/* The page's style sheet. */
#pragma once

extern const char VCB_PAGE_STYLE[];
