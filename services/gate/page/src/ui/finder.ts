/** The window through which codes are seen: the camera where it is on, else a word that a scanner may type. */
import type { Camera } from "./camera";
import { button, h } from "./dom";
import type { Page } from "./page";

/** One camera for the whole page: its picture moves from screen to screen without stopping. */
export class Finder {
  private camera: Camera | null = null;
  private torchOn = false;
  private problem = false;
  private readonly video = h("video", { class: "picture", muted: true, playsinline: true, "aria-hidden": "true" }) as HTMLVideoElement;

  constructor(private readonly page: Page) {
    this.video.muted = true;
  }

  get element(): HTMLElement {
    const { say } = this.page;
    if (this.camera === null) {
      return h("section", { class: "finder idle" },
        this.problem ? h("p", { class: "problem", role: "alert" }, say("camera_refused")) : h("p", {}, say("scan_wedge")),
        button(say("camera_on"), () => void this.start(), { class: "big", id: "camera-on" }));
    }
    return h("section", { class: "finder" }, this.video, h("p", { class: "aim" }, say("scan_here")),
      h("div", { class: "acts" },
        this.camera.torchable && button(say("torch"), () => void this.torch(), { class: "big", "aria-pressed": String(this.torchOn) }),
        button(say("camera_off"), () => { this.stop(); }, { class: "big", id: "camera-off" })));
  }

  async start(): Promise<void> {
    if (this.camera) return;
    try {
      const { Camera: Loaded } = await import("./camera");
      const camera = new Loaded(this.video, (text) => void this.page.scan(text, "camera"));
      await camera.start();
      this.camera = camera;
      this.problem = false;
      this.page.settings.camera = true;
    } catch {
      this.problem = true;
      this.page.settings.camera = false;
    }
    this.page.set({});
  }

  private stop(): void {
    this.camera?.stop();
    this.camera = null;
    this.page.set({ camera: false });
  }

  private async torch(): Promise<void> {
    this.torchOn = !this.torchOn;
    await this.camera?.torch(this.torchOn);
    this.page.draw();
  }
}
