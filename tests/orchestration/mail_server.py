"""A mail server that keeps what it is sent: enough SMTP for one client at a time."""

import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage


class MailServer:
    """Listens on the loopback interface between `with` and its end."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], EmailMessage]] = []
        keep = self.mails

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                readers: list[str] = []
                self._say("220 ready")
                for line in self.rfile:
                    verb = line.decode().strip().upper()
                    if verb.startswith("RCPT TO:"):
                        readers.append(line.decode().split("<")[1].split(">")[0])
                    if verb == "DATA":
                        self._say("354 go on")
                        keep.append((readers, message_from_bytes(self._text(), policy=policy.default)))
                        readers = []
                    self._say("221 bye" if verb == "QUIT" else "250 fine")
                    if verb == "QUIT":
                        return

            def _text(self) -> bytes:
                lines = []
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
                return b"".join(lines)

            def _say(self, answer: str) -> None:
                self.wfile.write(f"{answer}\r\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> "MailServer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
