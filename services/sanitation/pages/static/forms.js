// What each form of the field says, as the service's API wants it, and the photos that go with it.

// Something is not filled in, or a photo cannot be used: `word` names what is said of it, `of` what a message names.
export class Missing extends Error {
  constructor(word, of) {
    super(word);
    Object.assign(this, { word, of });
  }
}

export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// What stands in a form's field.
export const value = (form, name) => form.elements[name]?.value?.trim() ?? "";

// Made small at once, which also leaves out where and with what a photo was taken.
const LONGEST = 1600;
const MOST_BYTES = 8_000_000;

async function small(file) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    throw new Missing("no_photo");
  }
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.8));
  if (!blob || blob.size > MOST_BYTES) throw new Missing("photo_big");
  return blob;
}

const picture = (form, name) => form.querySelector(`input[type=file][name="${CSS.escape(name)}"]`)?.files[0];

async function photoOf(form, name, entry) {
  const file = picture(form, name);
  if (!file) return undefined;
  const photo = { id: uuid(), compound: form.dataset.compound, blob: await small(file), sent: false };
  entry.photos.push(photo);
  return photo.id;
}

function whenOf(form) {
  const typed = value(form, "done_at");
  if (!typed) return { at: new Date(), stamped: true, late: {} };
  const why = value(form, "explanation");
  if (why.length < 4) throw new Missing("why", "");
  return { at: new Date(`${typed}:00+08:00`), stamped: false, late: { source: "late_entry", explanation: why } };
}

export const kinds = {
  async round(form, entry) {
    const strength = value(form, "other_mg_l") || value(form, "concentration_mg_l");
    if (!strength) throw new Missing("strength", "");
    const when = whenOf(form);
    const photo = await photoOf(form, "photo", entry);
    return { stamped: when.stamped, body: { kind: "round", round_id: entry.id, site_code: value(form, "site_code"), agent: value(form, "agent"), concentration_mg_l: Number(strength), done_at: when.at.toISOString(), ...when.late, ...(photo ? { photo_id: photo } : {}) } };
  },
  async ventilation(form, entry) {
    const minutes = Number(value(form, "minutes"));
    const when = whenOf(form);
    const began = new Date(when.at.getTime() - minutes * 60000);
    return { stamped: when.stamped, body: { kind: "ventilation", ventilation_id: entry.id, site_code: value(form, "site_code"), began_at: began.toISOString(), minutes, ...when.late } };
  },
  async mask_bin(form, entry) {
    return { stamped: true, body: { kind: "mask_bin", collection_id: entry.id, site_code: value(form, "site_code"), emptied_at: new Date().toISOString(), bags: Number(value(form, "bags")), agent: value(form, "agent") } };
  },
  async pickup_step(form, entry) {
    const { pickupId, step } = form.dataset;
    const more = step === "collected" ? { bags: Number(value(form, "bags")) } : step === "handed_over" ? { receiver: value(form, "receiver") } : {};
    return { stamped: true, body: { kind: "pickup_step", act_id: entry.id, pickup_id: pickupId, step, done_at: new Date().toISOString(), ...more } };
  },
  async pickup_skip(form, entry) {
    const note = value(form, "note");
    return { stamped: false, body: { kind: "pickup_skip", act_id: entry.id, pickup_id: form.dataset.pickupId, reason: value(form, "reason"), ...(note ? { note } : {}) } };
  },
  async inspection(form, entry) {
    const found = value(form, "found");
    const items = [];
    for (const box of found === "closed" ? [] : form.querySelectorAll("[data-item]")) {
      const code = box.dataset.item;
      const verdict = value(form, `verdict-${code}`);
      if (!verdict) {
        if (found) continue;
        throw new Missing("items", "");
      }
      const note = value(form, `note-${code}`);
      if (verdict !== "pass" && note.length < 2 && !picture(form, `photo-${code}`)) throw new Missing("evidence", box.dataset.title);
      const photo = await photoOf(form, `photo-${code}`, entry);
      items.push({ code, verdict, ...(note ? { note } : {}), ...(photo ? { photo_id: photo } : {}) });
    }
    const note = value(form, "note");
    return { path: "/v1/inspections", stamped: true, body: { inspection_id: entry.id, inspected: form.dataset.inspected, subject: value(form, "subject"), ...(found ? { found } : {}), items, ...(note ? { note } : {}), inspected_at: new Date().toISOString() } };
  },
  async spot_check(form, entry) {
    const note = value(form, "note");
    const photo = await photoOf(form, "photo", entry);
    const code = value(form, "site_code").split("#").pop().toLowerCase();
    return { path: `/v1/rounds/${form.dataset.round}/spot-checks`, stamped: true, body: { inspection_id: entry.id, site_code: code, outcome: value(form, "outcome"), ...(note ? { note } : {}), ...(photo ? { photo_id: photo } : {}), checked_at: new Date().toISOString() } };
  },
};
