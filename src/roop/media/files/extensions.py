"""File name suffixes of images and videos."""

WRITTEN_SUFFIXES = frozenset(
    {".apng", ".avif", ".bmp", ".dib", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png"}
    | {".tif", ".tiff", ".webp"}
)
"""Images that are read and written."""

IMAGE_SUFFIXES = WRITTEN_SUFFIXES | frozenset(
    {".cur", ".dds", ".heic", ".heif", ".hif", ".icns", ".ico", ".j2k", ".jp2", ".jpx", ".jxl"}
    | {".pbm", ".pcx", ".pgm", ".pnm", ".ppm", ".psd", ".qoi", ".ras", ".rgb", ".sgi", ".tga"}
)
"""Images that are read."""

RAW_SUFFIXES = frozenset(
    {".3fr", ".arw", ".cr2", ".cr3", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos"}
    | {".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srw"}
)
"""Raw photos of cameras, which are not read."""

VIDEO_SUFFIXES = frozenset(
    {".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts"}
    | {".ogv", ".ts", ".vob", ".webm", ".wmv"}
)
