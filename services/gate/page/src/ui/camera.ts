/** The camera and the reader of QR codes; loaded when a camera is turned on for the first time. */
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import wasm from "zxing-wasm/reader/zxing_reader.wasm?url";

const LOOK_EVERY_MS = 120;
const WIDEST = 1280;

export class Camera {
  private stream: MediaStream | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly canvas = document.createElement("canvas");

  constructor(private readonly video: HTMLVideoElement, private readonly found: (text: string) => void) {}

  /** Throws when the camera may not or cannot be used. */
  async start(): Promise<void> {
    const wanted = { facingMode: "environment", width: { ideal: WIDEST }, height: { ideal: 720 } };
    const [stream] = await Promise.all([
      navigator.mediaDevices.getUserMedia({ video: wanted, audio: false }),
      prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true }),
    ]);
    this.stream = stream;
    this.video.srcObject = stream;
    await this.video.play();
    void this.look();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.stream?.getTracks().forEach((track) => { track.stop(); });
    this.stream = null;
    this.video.srcObject = null;
  }

  get torchable(): boolean {
    const track = this.stream?.getVideoTracks()[0];
    return track !== undefined && "getCapabilities" in track && "torch" in track.getCapabilities();
  }

  async torch(on: boolean): Promise<void> {
    await this.stream?.getVideoTracks()[0]?.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
  }

  private async look(): Promise<void> {
    if (this.stream === null) return;
    const { videoWidth, videoHeight } = this.video;
    if (videoWidth > 0 && !document.hidden) {
      const scale = Math.min(1, WIDEST / videoWidth);
      [this.canvas.width, this.canvas.height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
      const context = this.canvas.getContext("2d", { willReadFrequently: true });
      context?.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
      const image = context?.getImageData(0, 0, this.canvas.width, this.canvas.height);
      if (image) {
        performance.mark("look");
        const [code] = await readBarcodes(image, { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 1 });
        performance.measure("camera-decode", "look");
        if (code?.isValid) this.found(code.text);
      }
    }
    this.timer = setTimeout(() => void this.look(), LOOK_EVERY_MS);
  }
}
