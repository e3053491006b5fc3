"""Version 1: bridge.proto is the contract; bridge_pb2 and bridge_pb2_grpc are made by unreal_bridge.stubs."""
