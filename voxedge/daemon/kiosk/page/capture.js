// Runs in the audio thread: float samples in, blocks of 512 signed 16-bit samples out.
class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Int16Array(512);
    this.filled = 0;
  }

  process(inputs) {
    const samples = inputs[0][0];
    if (!samples) return true;
    for (const sample of samples) {
      this.block[this.filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
      if (this.filled === this.block.length) {
        this.port.postMessage(this.block.buffer.slice(0));
        this.filled = 0;
      }
    }
    return true;
  }
}
registerProcessor("capture", Capture);
