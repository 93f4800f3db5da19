import jwt
from authlib.jose import jwt as jose

token = jwt.encode({"who": "you"}, "a key that is long enough for it", algorithm="HS256")
print(jwt.decode(token, "a key that is long enough for it", algorithms=["HS256"]), bool(jose))
