"""The libraries that run networks: ONNX Runtime, OpenVINO and LiteRT."""
