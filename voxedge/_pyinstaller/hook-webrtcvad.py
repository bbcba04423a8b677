"""The distribution is ``webrtcvad-wheels``: PyInstaller's own hook looks for ``webrtcvad`` and fails."""
