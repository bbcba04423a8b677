"""Sources and sinks of sound, decoding and resampling."""
