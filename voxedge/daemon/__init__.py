"""The service: what the library does, for many clients at once, over HTTP, WebSocket, Wyoming and a socket.

`service.Service` owns the engines and shares the cores; the servers (`servers.SERVERS`) only speak their
protocols. Nothing here is imported by the library itself.
"""
