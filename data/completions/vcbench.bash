# bash completion for vcbench, and for the launcher ./vcb of a checkout

_vcbench()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous='' command='' word commands='run validate report doctor bench'
    local launcher=''
    local -a words=()

    [ "$COMP_CWORD" -gt 0 ] && previous=${COMP_WORDS[COMP_CWORD - 1]}
    [ "${COMP_WORDS[0]##*/}" = vcb ] && launcher='--yes --no-install' commands="$commands test"
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
        -*) ;;
        *)
            command=$word
            break
            ;;
        esac
    done
    case $command in
    '' | run | validate | report | doctor | bench | test) ;;
    *) command=run ;; # a FILE: its `run` was left out
    esac

    compopt -o filenames
    case $previous in
    --out)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    --format)
        [ "$command" = doctor ] && words=(text json) || words=(text json github)
        mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$current")
        return
        ;;
    --repeat | --seed | --jobs | --set | --filter) return ;;
    esac

    if [[ $current == -* ]]; then
        case $command in
        run) words=(--out --repeat --seed --jobs --set --filter --format --no-progress --help) ;;
        validate) words=(--show --schema --set --help) ;;
        report) words=(--format --help) ;;
        doctor) words=(--format --help) ;;
        bench) words=(--help) ;;
        test) words=(--fast --suite) ;;
        *) words=(--out --repeat --seed --jobs --set --filter --format --no-progress --help --version) ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "${words[*]} $launcher" -- "$current")
        return
    fi
    case $command in
    '' | run | validate)
        [ -n "$command" ] && commands=''
        mapfile -t COMPREPLY < <(
            compgen -W "$commands" -- "$current"
            compgen -f -X '!*.yaml' -- "$current"
            compgen -f -X '!*.yml' -- "$current"
            compgen -d -- "$current"
        )
        ;;
    report) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    bench) mapfile -t COMPREPLY < <(compgen -W 'network signaling' -- "$current") ;;
    esac
} && complete -F _vcbench vcbench vcb
