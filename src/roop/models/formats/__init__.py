"""ONNX files, read and changed without loading the network."""
