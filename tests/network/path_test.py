"""What a kernel's TCP makes of emulated paths: capacity, path MTU; over IPv4 and IPv6."""
import select
import socket
import threading
import time

from lab import Lab, SANITIZED, host, line, main

IPV6_MTU, IP_MTU = 24, 14


class Path(Lab):
    def hosts(self, up=None, down=None):
        emulator = self.emulator()
        emulator.create("n", [line("a", up=up, down=down), line("b")],
                        [host("a", "a", "10.0.1.2/24", "2001:db8:1::2/64"), host("b", "b", "10.0.2.2/24", "2001:db8:2::2/64")])
        return emulator, emulator.hosts["a"], emulator.hosts["b"]

    def connect(self, a, b, family=socket.AF_INET):
        """A TCP connection from a to b: (sender, receiver)."""
        address = ("10.0.2.2" if family == socket.AF_INET else "2001:db8:2::2", 5001)
        listener, sender = b.socket(family, socket.SOCK_STREAM), a.socket(family, socket.SOCK_STREAM)
        listener.bind(address)
        listener.listen()
        sender.connect(address)
        receiver, _ = listener.accept()
        listener.close()
        self.addCleanup(receiver.close)
        self.addCleanup(sender.close)
        return sender, receiver

    def test_tcp_fills_a_line_of_10_mbit(self):
        line_settings = {"rate_bps": 10e6, "delay_us": 10000, "queue": {"packets": 100}}
        emulator, a, b = self.hosts(up=line_settings, down=line_settings)
        sender, receiver = self.connect(a, b)
        stop = threading.Event()

        def send():
            sender.settimeout(0.2)
            while not stop.is_set():
                try:
                    sender.send(bytes(65536))
                except socket.timeout:
                    pass

        thread = threading.Thread(target=send)
        thread.start()
        began, counted, n = time.monotonic(), None, 0
        while time.monotonic() < began + 5:
            n += len(receiver.recv(65536))
            if counted is None and time.monotonic() > began + 1.5:  # beyond slow start
                counted, n = time.monotonic(), 0
        goodput_bps = n * 8 / (time.monotonic() - counted)
        stop.set()
        while thread.is_alive():  # so that its send can end
            if select.select([receiver], [], [], 0.05)[0]:
                receiver.recv(1 << 20)
        print(f"goodput {goodput_bps / 1e6:.3f} Mbit/s of 10", end=" ", flush=True)
        self.assertLess(goodput_bps, 10e6)
        if not SANITIZED:
            self.assertGreater(goodput_bps, 9e6)

    def transfer(self, up, family, seconds):
        """Send 200 kB from a to b; how many bytes arrive in so many seconds, the sender's idea of the path's MTU, and the link's drops."""
        emulator, a, b = self.hosts(up=up)
        sender, receiver = self.connect(a, b, family)
        sender.setblocking(False)
        receiver.setblocking(False)
        left, got, deadline = bytes(200000), 0, time.monotonic() + seconds
        while got < 200000 and time.monotonic() < deadline:
            readable, writable, _ = select.select([receiver], [sender] if left else [], [], 0.1)
            if writable:
                left = left[sender.send(left):]
            if readable:
                got += len(receiver.recv(65536))
        mtu = sender.getsockopt(*((socket.IPPROTO_IP, IP_MTU) if family == socket.AF_INET else (socket.IPPROTO_IPV6, IPV6_MTU)))
        links, _, _ = emulator.remove("n")
        return got, mtu, links["a", "up"]["dropped"]

    def test_a_tcp_that_is_told_of_the_mtu_goes_on(self):
        for family in (socket.AF_INET, socket.AF_INET6):
            got, mtu, dropped = self.transfer({"mtu": 1280}, family, 10)
            self.assertEqual(got, 200000)
            self.assertEqual(mtu, 1280)
            self.assertGreater(dropped["mtu"], 0)

    def test_a_tcp_that_is_not_told_stalls(self):
        for family in (socket.AF_INET, socket.AF_INET6):
            got, mtu, dropped = self.transfer({"mtu": 1280, "mtu_icmp": False}, family, 2)
            self.assertEqual(got, 0)
            self.assertEqual(mtu, 1500)
            self.assertGreater(dropped["mtu"], 0)


if __name__ == "__main__":
    main()
