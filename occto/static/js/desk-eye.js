/* The camera as a reader of QR codes: the browser's own detector where it has one, else jsQR, fetched when first needed. */
window.deskEye = (() => {
  "use strict";
  const AGAIN = 3000; /* the same code counts once while it is held before the camera */
  const EVERY = 150;
  const possible = window.isSecureContext && Boolean(navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
  let stream = null;
  let timer = 0;

  const script = (address) =>
    new Promise((resolve, reject) => {
      const tag = document.createElement("script");
      tag.src = address;
      tag.onload = resolve;
      tag.onerror = reject;
      document.head.append(tag);
    });

  const detector = async () => {
    if ("BarcodeDetector" in window) {
      const formats = await window.BarcodeDetector.getSupportedFormats();
      if (formats.includes("qr_code")) {
        const own = new window.BarcodeDetector({ formats: ["qr_code"] });
        return async (video) => {
          const found = await own.detect(video);
          return found.length ? found[0].rawValue : "";
        };
      }
    }
    if (!window.jsQR) await script(document.body.dataset.jsqr);
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    return async (video) => {
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      pen.drawImage(video, 0, 0);
      const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
      const found = window.jsQR(picture.data, picture.width, picture.height, { inversionAttempts: "dontInvert" });
      return found ? found.data : "";
    };
  };

  const stop = (video) => {
    window.clearTimeout(timer);
    if (stream) for (const track of stream.getTracks()) track.stop();
    stream = null;
    video.srcObject = null;
    video.hidden = true;
  };

  const start = async (video, onCode) => {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
    video.srcObject = stream;
    video.hidden = false;
    await video.play();
    const read = await detector();
    let last = "";
    let lastAt = 0;
    const look = async () => {
      if (!stream) return;
      if (video.readyState >= 2 && video.videoWidth) {
        const text = await read(video).catch(() => "");
        if (text && (text !== last || Date.now() - lastAt > AGAIN)) onCode(text);
        if (text) {
          last = text;
          lastAt = Date.now();
        }
      }
      timer = window.setTimeout(look, EVERY);
    };
    look();
  };

  return { possible, start, stop, on: () => stream !== null };
})();
