/* What a desk keeps for a time without a connection: the roster, whom it has seen, scans not sent yet. All of it is
   encrypted with a key that cannot be taken out of this browser. Needs https or this very machine; says why where not. */
window.deskStore = (() => {
  "use strict";
  const NAME = "desk";
  const KEPT = "kept";
  const DAY = 24 * 60 * 60 * 1000;
  const SCAN = "scan:";
  const ASIDE = "aside:";
  const possible = window.isSecureContext && "indexedDB" in window && Boolean(window.crypto && window.crypto.subtle);
  let opened = null;

  const base = () => {
    if (!opened) {
      opened = new Promise((resolve, reject) => {
        const asked = window.indexedDB.open(NAME, 1);
        asked.onupgradeneeded = () => asked.result.createObjectStore(KEPT);
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
      });
    }
    return opened;
  };

  const act = async (mode, does) => {
    const store = (await base()).transaction(KEPT, mode).objectStore(KEPT);
    const asked = does(store);
    return new Promise((resolve, reject) => {
      store.transaction.oncomplete = () => resolve(asked.result);
      store.transaction.onerror = () => reject(store.transaction.error);
      store.transaction.onabort = () => reject(store.transaction.error);
    });
  };

  const get = (name) => act("readonly", (store) => store.get(name));
  const put = (name, value) => act("readwrite", (store) => store.put(value, name));
  const drop = (name) => act("readwrite", (store) => store.delete(name));

  const key = async () => {
    const held = await get("key");
    if (held) return held;
    const made = await window.crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    await put("key", made);
    return made;
  };

  const save = async (name, value) => {
    const iv = window.crypto.getRandomValues(new Uint8Array(12));
    const plain = new TextEncoder().encode(JSON.stringify(value));
    const data = await window.crypto.subtle.encrypt({ name: "AES-GCM", iv }, await key(), plain);
    await put(name, { iv, data });
  };

  const load = async (name) => {
    const sealed = await get(name);
    if (!sealed) return null;
    const plain = await window.crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.iv }, await key(), sealed.data);
    return JSON.parse(new TextDecoder().decode(plain));
  };

  const names = async (kind) => (await act("readonly", (store) => store.getAllKeys())).filter((name) => String(name).startsWith(kind));

  /* In one transaction: a record is in the queue or beside it, never lost in between. */
  const setAside = async (scanId) => {
    const sealed = await get(SCAN + scanId);
    if (!sealed) return;
    await act("readwrite", (store) => {
      store.put(sealed, ASIDE + scanId);
      return store.delete(SCAN + scanId);
    });
  };

  /* What the server could not read, or nobody can: for people to look at, until it is noted down. */
  const aside = async () => {
    const found = [];
    for (const name of await names(ASIDE)) {
      const scan = await load(name).catch(() => null);
      found.push({ shown: "番号不明", at: "時刻不明", ...scan, scan_id: name.slice(ASIDE.length) });
    }
    return found;
  };

  /* Scans that wait to be sent, of one assembly or of all, the oldest first. Each is a record of its own: two pages of one
     desk lose none. */
  const waiting = async (assembly) => {
    const scans = [];
    for (const name of await names(SCAN)) {
      try {
        const scan = await load(name);
        if (scan) scans.push(scan);
      } catch {
        await setAside(name.slice(SCAN.length)); /* nobody can read it any more: it holds up no other */
      }
    }
    return scans.filter((scan) => !assembly || scan.assembly === assembly).sort((one, other) => (one.device_at < other.device_at ? -1 : 1));
  };

  const forgetRoster = async () => {
    await drop("roster");
    await drop("seen");
    if (!(await waiting()).length && !(await aside()).length) await drop("key");
    if ("caches" in window) await window.caches.delete(NAME);
  };

  return {
    possible,
    save,
    load,
    waiting,
    aside,
    forgetRoster,
    keep: (scan) => save(SCAN + scan.scan_id, scan),
    sent: (scanId) => drop(SCAN + scanId),
    setAside,
    notedDown: (scanId) => drop(ASIDE + scanId),
    contact: () => put("contact", Date.now()),
    /* A day after the last word from the server nothing of anybody is kept but what was never sent. */
    old: async () => {
      const last = await get("contact");
      return Boolean(last) && Date.now() - last > DAY;
    },
    /* What waits for another assembly stays. */
    forgetAll: async () => {
      await forgetRoster();
      await drop("contact");
    },
  };
})();
