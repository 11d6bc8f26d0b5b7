import { readFileSync } from "node:fs";
import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as { version: string };

export default defineConfig({
  base: "/guard/",
  define: { __APP_VERSION__: JSON.stringify(`page-${version}`) },
  build: {
    outDir: "built",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the page's policy takes scripts, styles and pictures from the service alone
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  plugins: [
    VitePWA({
      registerType: "prompt", // a new version is taken when nobody is being checked
      injectRegister: false,
      includeManifestIcons: false,
      workbox: {
        globPatterns: ["**/*.{js,css,html,svg,wasm,webmanifest}"],
        navigateFallback: "/guard/index.html",
        navigateFallbackAllowlist: [/^\/guard\//],
        cleanupOutdatedCaches: true,
        inlineWorkboxRuntime: true,
        sourcemap: false,
      },
      manifest: {
        id: "/guard/", start_url: "/guard/", scope: "/guard/", lang: "zh-CN", display: "standalone",
        orientation: "portrait", name: "卡口查验", short_name: "卡口查验",
        description: "扫码、测温、询问、记录、上报；没有网络也能用。",
        background_color: "#12181f", theme_color: "#12181f",
        icons: [{ src: "icon.svg", sizes: "any", type: "image/svg+xml", purpose: "any" },
          { src: "icon.svg", sizes: "any", type: "image/svg+xml", purpose: "maskable" }],
      },
    }),
  ],
  test: { include: ["test/**/*.test.ts"], environment: "node" },
} as Parameters<typeof defineConfig>[0] & { test: object });
