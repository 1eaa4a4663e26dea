-- The bytes of one image, in hexadecimal. $1 sha256
SELECT encode(bytes, 'hex') FROM image_bytes WHERE sha256 = $1
