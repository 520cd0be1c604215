"""Match light, colour and sharpness, and find what occludes a face."""
