"""Drives the server as a Python integration would: put (with its own stat check), append, rename, list, get, remove."""
import io
import sys

import paramiko

port, key_path = int(sys.argv[1]), sys.argv[2]
transport = paramiko.Transport(("127.0.0.1", port))
transport.connect(username="acme-push", pkey=paramiko.Ed25519Key.from_private_key_file(key_path))
sftp = paramiko.SFTPClient.from_transport(transport)
content = b"paramiko " * 40_000
sftp.putfo(io.BytesIO(content), "paramiko.wav.part", confirm=True)
sftp.utime("paramiko.wav.part", (1_300_000_000, 1_300_000_000))
sftp.posix_rename("paramiko.wav.part", "paramiko.wav")
assert sftp.stat("paramiko.wav").st_size == len(content)
assert sftp.stat("paramiko.wav").st_mtime == 1_300_000_000
with sftp.open("paramiko.wav", "a") as appended:
    appended.write(b"more")
read_back = io.BytesIO()
sftp.getfo("paramiko.wav", read_back)
assert read_back.getvalue() == content + b"more", "what was read back differs"
assert "paramiko.wav" in sftp.listdir("/data"), sftp.listdir("/data")
try:
    sftp.mkdir("folder")
    raise SystemExit("a folder was made")
except PermissionError:
    pass
sftp.put(key_path, "removed.wav")
sftp.remove("removed.wav")
sftp.close()
transport.close()
