from PIL import Image, ImageDraw, ImageFont

image = Image.new("RGB", (64, 64), "white")
ImageDraw.Draw(image).text((2, 2), "text", fill="black", font=ImageFont.load_default())
for suffix in ("png", "jpg", "webp", "gif"):
    image.save("image." + suffix)
    print(suffix, Image.open("image." + suffix).size)
