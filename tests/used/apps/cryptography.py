from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

key = ed25519.Ed25519PrivateKey.generate()
with open("own.pem", "wb") as file:
    file.write(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
with open("own.pem", "rb") as file:
    again = serialization.load_pem_private_key(file.read(), None)
key.public_key().verify(again.sign(b"text"), b"text")
print(Fernet(secret := Fernet.generate_key()).decrypt(Fernet(secret).encrypt(b"text")))
