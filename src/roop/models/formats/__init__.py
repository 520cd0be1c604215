"""The format of ONNX files, read and edited without loading the network."""
