/* The desk: reader, camera, outcome, and what happens without a connection. Without this file the page works as a form. */
(() => {
  "use strict";
  const PATIENCE = 3000; /* so long an answer is waited for */
  const TRIES = 3;
  const LOOK = 10000; /* between two looks at the figures */
  const LOOK_AGAIN = 4000; /* the same without a connection, or where one look failed */
  const ROSTER = 5 * 60 * 1000;
  const SHOWN_ALONE = 8000; /* an unattended desk shows an outcome for so long */
  const BATCH = 50;
  const desk = document.body.dataset;
  const store = window.deskStore;
  const eye = window.deskEye;
  const finder = window.deskFind;
  const alone = desk.profile === "UNATTENDED";
  const by = (id) => document.getElementById(id);
  const form = by("scan");
  const field = by("code");
  const clock = new Intl.DateTimeFormat("ja-JP", { hour: "numeric", minute: "2-digit", second: "2-digit", hour12: false, timeZone: "Asia/Tokyo" });
  const time = (at) => clock.format(at);
  const call = `受付責任者 ${desk.contact}`;

  let mode = "online"; /* online, offline, ended */
  let errors = 0;
  let roster = null; /* { madeAt, byHash, byNumber } */
  let seen = {}; /* token hash → time of the admission, of those that this desk knows to be in */
  let waiting = 0;
  let broken = 0; /* records that the server could not read, and nobody has noted down */
  let chain = Promise.resolve();
  let clears = 0;

  /* ---- drawing -------------------------------------------------------------------------------------------------- */
  const SHAPES = {
    ok: '<circle cx="50" cy="50" r="44"/><path d="M27 52l16 16 31-34" stroke-width="11"/>',
    seen: '<path d="M50 8L95 90H5z" stroke-linejoin="round"/><path d="M50 36v28M50 71v10" stroke-width="10"/>',
    no: '<path d="M31 5h38l26 26v38L69 95H31L5 69V31z" stroke-linejoin="round"/><path d="M33 33l34 34M67 33L33 67" stroke-width="11"/>',
    try: '<path d="M8 8h84v84H8z" stroke-linejoin="round"/><path d="M28 50h44M50 28v44" stroke-width="10"/>',
    wait: '<path d="M10 30V10h20M70 10h20v20M90 70v20H70M30 90H10V70" stroke-linejoin="round"/><path d="M26 50h48"/>',
  };

  const make = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const draw = (shown) => {
    const place = by("outcome");
    place.className = `outcome outcome-${shown.kind}`;
    place.dataset.scan = shown.scan_id || "";
    place.replaceChildren();
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [name, value] of [["viewBox", "0 0 100 100"], ["aria-hidden", "true"], ["fill", "none"], ["stroke", "currentColor"], ["stroke-width", "8"]]) svg.setAttribute(name, value);
    svg.innerHTML = SHAPES[shown.kind];
    const words = make("div");
    words.append(make("p", "word", shown.word));
    if (shown.who || shown.line) {
      const line = make("p", "line");
      if (shown.who) line.append(make("b", "", shown.who));
      line.append(shown.line || "");
      words.append(line);
    }
    place.append(svg, words);
    if (shown.facts && shown.facts.length) {
      const facts = make("dl", "meta");
      for (const [term, value] of shown.facts) {
        const one = make("div");
        one.append(make("dt", "", term), make("dd", "", value));
        facts.append(one);
      }
      place.append(facts);
    }
    if (shown.next && shown.next.length) {
      const todo = make("div", "sheet ask");
      for (const sentence of shown.next) todo.append(make("p", "", sentence));
      place.append(todo);
    }
  };

  const idle = () =>
    draw({
      kind: "wait",
      word: "どうぞ",
      line: alone ? "受付票のQRコードをかざしてください。" : "受付票のQRコードを読み取ってください。",
      next: [`お困りのときは、${call}をお呼びください。`],
    });

  const busy = () => draw({ kind: "wait", word: "確認中" });

  const lines = (list, rows) => {
    if (!list) return;
    list.replaceChildren(
      ...rows.map((row) => {
        const item = make("li");
        item.append(make("b", "", row.name || row.number || "不明な受付票"), `　${row.company || ""}`, make("br"), make("time", "", row.at), `　${row.outcome}`);
        return item;
      }),
    );
  };

  const addRecent = (row) => {
    const list = by("recent");
    if (!list || !row) return;
    const item = make("li");
    item.append(make("b", "", row.name || row.number || "不明な受付票"), `　${row.company || ""}`, make("br"), make("time", "", row.at), `　${row.outcome}`);
    list.prepend(item);
    while (list.children.length > 8) list.lastElementChild.remove();
  };

  /* ---- sound and vibration: a high tone, two middle ones, a long low one ----------------------------------------- */
  let audio = null;
  const TONES = { ok: [[1320, 0.16]], seen: [[740, 0.14], [740, 0.14]], no: [[220, 0.6]], try: [[880, 0.1]] };
  const BUZZ = { ok: [80], seen: [80, 80, 80], no: [400], try: [40] };
  const wake = () => {
    try {
      audio = audio || new AudioContext();
      if (audio.state === "suspended") audio.resume();
    } catch {
      /* no sound here: colour, shape and word say the same */
    }
  };
  const sound = (kind) => {
    if (navigator.vibrate) navigator.vibrate(BUZZ[kind]);
    if (!audio || audio.state !== "running") return;
    let at = audio.currentTime;
    for (const [pitch, length] of TONES[kind]) {
      const tone = audio.createOscillator();
      const gain = audio.createGain();
      tone.frequency.value = pitch;
      tone.type = kind === "no" ? "square" : "sine";
      gain.gain.setValueAtTime(0.2, at);
      gain.gain.exponentialRampToValueAtTime(0.001, at + length);
      tone.connect(gain).connect(audio.destination);
      tone.start(at);
      tone.stop(at + length);
      at += length + 0.08;
    }
  };

  const show = (shown) => {
    draw(shown);
    document.title = `${shown.word} – 総会の受付`;
    sound(shown.kind);
    if (mode !== "ended") field.focus({ preventScroll: true });
    window.clearTimeout(clears);
    if (alone && mode !== "ended") clears = window.setTimeout(idle, SHOWN_ALONE);
  };

  /* ---- what was read --------------------------------------------------------------------------------------------- */
  const TOKEN = /^[0-9A-HJKMNP-TV-Z]{26}$/;
  const DAMM = ["0317598642", "7092154863", "4206871359", "1750983426", "6123045978", "3674209581", "5869720134", "8945362017", "9438617205", "2581436790"];
  const damm = (digits) => [...digits].reduce((interim, digit) => Number(DAMM[interim][Number(digit)]), 0);
  const tokenIn = (text) => {
    const token = text.replace(/[IL]/g, "1").replace(/O/g, "0");
    return TOKEN.test(token) ? token : "";
  };
  const bare = (text) => {
    const wide = text.normalize("NFKC").toUpperCase();
    return wide.slice(wide.lastIndexOf("/") + 1).replace(/[\s\-‐‑‒–—―−ー_]+/g, "");
  };
  const read = (text) => {
    const plain = bare(text);
    const token = tokenIn(plain);
    if (token) return { token };
    if (/^[0-9]{5,10}$/.test(plain) && damm(plain) === 0) return { number: Number(plain.slice(0, -1)) };
    return {};
  };
  const sha256 = async (text) => {
    const bytes = new Uint8Array(await window.crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const newId = () => [...window.crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  /* ---- the server ------------------------------------------------------------------------------------------------ */
  class Ended extends Error {}
  class Told extends Error {}
  class Unread extends Told {} /* the server says that this is no scan: sent again it would be none either */

  const ask = async (path, body, patience = PATIENCE) => {
    const late = new AbortController();
    const timer = window.setTimeout(() => late.abort(), patience);
    try {
      const answer = await fetch(`${desk.page}/${path}`, {
        method: body ? "POST" : "GET",
        body: body ? JSON.stringify(body) : undefined,
        headers: { Accept: "application/json", "X-Desk-Waiting": String(waiting + broken), ...(body ? { "Content-Type": "application/json", "X-CSRFToken": desk.token } : {}) },
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
        signal: late.signal,
      });
      const json = (answer.headers.get("Content-Type") || "").includes("json");
      if ([401, 403].includes(answer.status) && json) throw new Ended(); /* anything else may come from somebody in between */
      if (answer.ok && json) {
        const told = await answer.json();
        errors = 0;
        if (store.possible) store.contact().catch(() => {});
        return told;
      }
      if (answer.status < 500 && json) {
        const told = await answer.json();
        throw told.error === "not_understood" ? new Unread(told.message) : new Told(told.message);
      }
      if (answer.status === 400) throw new Told("画面が古くなっています。読み込み直してから、もう一度読み取ってください。");
      throw new Error(String(answer.status));
    } finally {
      window.clearTimeout(timer);
    }
  };

  /* One scan: up to three tries within three seconds. Null: the desk is on its own from now on. */
  const sendScan = async (scan) => {
    const until = Date.now() + PATIENCE;
    for (let tries = 0; tries < TRIES && Date.now() < until; tries += 1) {
      try {
        return await ask("check-in", scan, until - Date.now());
      } catch (problem) {
        if (problem instanceof Ended || problem instanceof Told) throw problem;
        errors += 1;
        if (tries + 1 < TRIES) await new Promise((resolve) => window.setTimeout(resolve, 200));
      }
    }
    cutOff();
    return null;
  };

  /* ---- online and offline ---------------------------------------------------------------------------------------- */
  const sayLink = () => {
    const link = by("link");
    const words = {
      online: "通信は正常です",
      offline: roster ? "通信がありません。この端末だけで受け付けています" : "通信がありません。いまは受け付けられません",
      ended: "この端末は使えません",
    };
    link.className = mode === "online" ? "online" : "online cut";
    if (link.textContent !== words[mode]) link.textContent = words[mode];
    const count = by("waiting");
    count.hidden = false;
    count.textContent = `送信待ち ${waiting}件`;
    for (const one of document.querySelectorAll("a[href$='/search']")) one.hidden = mode !== "online";
    offerFind();
  };

  const sayRoster = () => {
    const says = by("offline-says");
    if (!says) return;
    if (!store.possible) says.textContent = "この画面は https で開いていないため、名簿の控えを持てません。通信が切れると、受け付けられません。";
    else if (roster) says.textContent = `通信が切れても、この端末だけで受け付けられます（名簿の控え ${roster.byNumber.size}名、${time(Date.parse(roster.madeAt))} 現在）。`;
    else says.textContent = "名簿の控えがまだありません。通信が切れると、受け付けられません。";
  };

  const cutOff = () => {
    if (mode !== "online") return;
    mode = "offline";
    sayLink();
  };

  const takeRoster = (told) => {
    if (String(told.assembly) !== desk.assembly) return;
    roster = { madeAt: told.made_at, byHash: new Map(), byNumber: new Map(), fold: finder.folder(told.fold) };
    for (const [hash, number, company, name, seat, voting] of told.tickets) {
      const one = { hash, number, company, name, seat, voting };
      roster.byHash.set(hash, one);
      roster.byNumber.set(number, one);
    }
    sayRoster();
  };

  const fetchRoster = async () => {
    if (!store.possible || mode !== "online") return;
    try {
      const told = await ask("roster", null, 15000);
      await store.save("roster", told);
      takeRoster(told);
      keepPage();
    } catch (problem) {
      if (problem instanceof Ended) await end();
    }
  };

  const remember = async (hash, at) => {
    if (!store.possible || !hash || seen[hash]) return;
    seen[hash] = at;
    await store.save("seen", seen).catch(() => {});
  };

  const shownNumber = (number) => `${number}-${damm(String(number))}`;

  const scanAlone = async (scan, found) => {
    const at = time(Date.parse(scan.device_at));
    if (found.token === desk.practice) {
      return { kind: "try", word: "練習", who: "練習用のコードです", next: ["読み取りは正常です。受付は記録していません。"] };
    }
    if (!roster) {
      const why = store.possible ? "名簿の控えがないため" : "この画面は https で開いていないため";
      return { kind: "no", word: "受付できません", who: "通信がありません", next: [`${why}、通信のない間は受け付けられません。紙に控えて、${call}にお知らせください。`] };
    }
    if (alone && found.number) return { kind: "no", word: "受付できません", next: ["番号では受け付けられません。QRコードを読み取るか、受付責任者をお呼びください。"] };
    const hash = found.token ? await sha256(found.token) : "";
    const one = found.token ? roster.byHash.get(hash) : roster.byNumber.get(found.number);
    if (!one) {
      return { kind: "no", word: "受付できません", who: "名簿の控えに見つかりません", next: [`通信のない間は、控えにある方だけを受け付けられます。${call}をお呼びください。`], recent: { at, outcome: "受付できません（不明）" } };
    }
    const facts = [["番号", shownNumber(one.number)]];
    const who = one.name ? `${one.name} 様` : "";
    const recent = { at, name: one.name, company: one.company, number: shownNumber(one.number) };
    /* Who was in may have left in between, as the supervisor alone knows: the server hears of this arrival too. */
    /* A scan of its own: under its old id the server may have refused it, with an answer that never came. */
    const scanId = newId();
    await store.keep({ ...scan, scan_id: scanId, assembly: desk.assembly, code: found.token || shownNumber(one.number), shown: shownNumber(one.number), at });
    waiting += 1;
    sayLink();
    if (seen[one.hash]) {
      return { kind: "seen", word: "受付済み", who, line: one.company, facts: [["最初の受付", seen[one.hash]], ...facts], next: ["この端末で受け付けた方です。再入場なら、そのままお通しください。通信が戻ると、自動で送って確かめます。"], recent: { ...recent, outcome: "受付済み（送信待ち）" } };
    }
    await remember(one.hash, at);
    facts.push(["扱い", one.voting ? "議決権を行使する方" : "傍聴の方"], ["席", one.seat || "自由席"], ["時刻", at]);
    return {
      scan_id: scanId,
      kind: "ok",
      word: "受付完了",
      who,
      line: one.company,
      facts,
      next: ["通信のない間の受付です。通信が戻ると、自動で送って確かめます。"],
      recent: { ...recent, outcome: "受付完了（送信待ち）" },
    };
  };

  const handle = async (text) => {
    const found = read(text);
    const scan = { scan_id: newId(), code: text, device_at: new Date().toISOString() };
    let shown = null;
    if (mode === "online") {
      try {
        shown = await sendScan(scan);
      } catch (problem) {
        if (problem instanceof Ended) {
          await end();
          return;
        }
        shown = { kind: "no", word: "受付できません", next: [problem.message] };
      }
    }
    if (!shown) shown = await scanAlone(scan, found);
    else if (["ok", "seen"].includes(shown.kind) && found.token && store.possible) remember(await sha256(found.token), time(Date.now()));
    show(shown);
    addRecent(shown.recent && shown.recent.at ? shown.recent : null);
    if (mode === "online") look();
  };

  /* The person before is gone from the screen before anything is asked about the next. */
  const take = (text) => {
    if (mode === "ended" || !text.trim()) return;
    wake();
    busy();
    chain = chain.then(() => handle(text)).catch(() => show({ kind: "no", word: "受付できません", next: [`もう一度読み取ってください。続くときは、${call}をお呼びください。`] }));
  };

  /* ---- looking for somebody without a connection: in the roster, on a desk that may search -------------------------- */
  const term = by("find-term");
  const clearFind = () => {
    if (!term) return;
    term.value = "";
    by("find-says").textContent = "";
    by("find-list").replaceChildren();
  };

  const offerFind = () => {
    const place = by("find");
    if (!place) return;
    const possible = mode === "offline" && roster !== null;
    if (possible === !place.hidden) return;
    place.hidden = !possible;
    clearFind();
  };

  const personOf = (one) => {
    const item = make("li", "row between");
    const words = make("p");
    const standing = one.voting ? "議決権を行使する方" : "傍聴の方";
    words.append(make("b", "", `${one.name} 様`), `　${one.company}`, make("br"), make("span", "sm", `番号 ${shownNumber(one.number)}　${standing}　席 ${one.seat || "自由席"}${seen[one.hash] ? `　受付済み ${seen[one.hash]}` : ""}`));
    const button = make("button", "btn btn-primary", "受け付ける");
    button.type = "button";
    button.append(make("span", "vh", `：${one.name} 様`));
    button.addEventListener("click", () => {
      clearFind();
      take(shownNumber(one.number));
      field.focus({ preventScroll: true });
    });
    item.append(words, button);
    return item;
  };

  const findForm = by("find-form");
  if (findForm) {
    findForm.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!roster) return;
      const asked = term.value;
      const found = finder.find(roster, asked, read(asked).number);
      by("find-list").replaceChildren(...found.slice(0, finder.MOST).map(personOf));
      let says = "";
      if (found.length > finder.MOST) says = "ほかにも該当する方がいます。条件を加えてお探しください。";
      else if (!found.length && asked.trim()) says = `名簿の控えには見つかりません。ことばを変えてお探しください。受付票のない方は、${call}へご案内ください。`;
      by("find-says").textContent = says;
      /* What is typed or read next takes the place of what was looked for. */
      keys = "";
      if (document.activeElement === term) term.select();
    });
    for (const change of ["focus", "blur"]) term.addEventListener(change, () => (keys = ""));
  }

  /* ---- merging --------------------------------------------------------------------------------------------------- */
  const merge = async () => {
    const scans = await store.waiting(desk.assembly);
    for (let start = 0; start < scans.length; start += BATCH) {
      const batch = scans.slice(start, start + BATCH);
      await mergeBatch(batch);
      waiting = Math.max(0, waiting - batch.length);
      sayLink();
    }
    waiting = (await store.waiting(desk.assembly)).length;
    await showBroken();
  };

  /* One that the server cannot read is set aside for people, so that it holds up no other. */
  const mergeBatch = async (batch) => {
    const sent = batch.map(({ scan_id, code, device_at }) => ({ scan_id, code, device_at }));
    let told;
    try {
      told = await ask("merge", { scans: sent }, 20000);
    } catch (problem) {
      if (!(problem instanceof Unread)) throw problem;
      if (batch.length > 1) for (const one of batch) await mergeBatch([one]);
      else await store.setAside(batch[0].scan_id);
      return;
    }
    for (const { scan_id, message } of told.answers) await (message ? store.setAside(scan_id) : store.sent(scan_id));
  };

  /* 確認が必要な記録: each with a button that is pressed twice, once it has been noted down. */
  const showBroken = async () => {
    const records = await store.aside();
    broken = records.length;
    by("broken").hidden = !broken;
    by("broken-says").textContent = `サーバで読み取れなかった受付が ${broken}件あります。番号と時刻を紙に控え、${call}に伝えてください。控えたものは、この画面から消せます。`;
    by("broken-list").replaceChildren(
      ...records.map((record) => {
        const item = make("li", "", `${record.shown}　${record.at}　`);
        const button = make("button", "btn btn-sm", "控えたので消す");
        button.type = "button";
        button.addEventListener("click", async () => {
          if (!button.dataset.sure) {
            button.dataset.sure = "y";
            button.textContent = "もう一度押すと消えます";
            return;
          }
          await store.notedDown(record.scan_id);
          await showBroken();
          field.focus({ preventScroll: true });
        });
        item.append(button);
        return item;
      }),
    );
  };

  /* Scans of another assembly go nowhere else: they are shown, to be copied by hand. */
  const showStrays = async () => {
    const strays = (await store.waiting()).filter((scan) => scan.assembly !== desk.assembly);
    if (strays.length) showUnsent(strays, `別の総会の受付で、まだ送っていないものが ${strays.length}件あります。この総会には送りません。番号と時刻を紙に控えて、${call}に渡してください。`);
  };
  const showUnsent = (scans, says) => {
    by("cut-off-says").textContent = says;
    by("cut-off-list").replaceChildren(...scans.map((scan) => make("li", "", `${scan.shown}　${scan.at}`)));
    by("cut-off").hidden = false;
  };

  const takeState = (told) => {
    for (const name of ["present", "here", "expected"]) if (by(`n-${name}`)) by(`n-${name}`).textContent = told[name].toLocaleString("ja-JP");
    lines(by("recent"), told.recent);
    const clashes = by("clashes");
    if (clashes) {
      clashes.hidden = !told.clashes.length;
      lines(by("clashes-list"), told.clashes);
    }
  };

  let looking = false;
  const look = async () => {
    if (looking || mode === "ended") return;
    looking = true;
    try {
      let told = await ask("state", null);
      if (store.possible && waiting) {
        await merge();
        told = await ask("state", null);
      }
      mode = "online";
      takeState(told);
    } catch (problem) {
      if (problem instanceof Ended) await end();
      else if (problem instanceof Told) by("link").textContent = problem.message;
      else {
        errors += 1;
        if (errors >= TRIES || problem.name === "AbortError") cutOff();
      }
    } finally {
      looking = false;
    }
    if (mode !== "ended") sayLink();
  };

  const rounds = async () => {
    if (store.possible && (await store.old().catch(() => false))) {
      roster = null;
      seen = {};
      await store.forgetRoster();
      sayRoster();
    }
    await look();
    if (mode !== "ended") window.setTimeout(rounds, mode === "online" && !errors ? LOOK : LOOK_AGAIN);
  };

  /* ---- the end: the roster goes at once; what was never sent is shown, so that nobody's arrival is lost ------------- */
  const end = async () => {
    mode = "ended";
    roster = null;
    seen = {};
    field.disabled = true;
    if (eye.on()) eye.stop(by("eye"));
    const scans = store.possible ? await store.waiting().catch(() => []) : [];
    if (store.possible) await store.forgetRoster().catch(() => {});
    lines(by("recent"), []);
    if (by("offline-says")) by("offline-says").textContent = "名簿の控えは消しました。";
    sayLink();
    show({ kind: "no", word: "使えません", who: "この端末の使用は終わりました", next: [`続けて使うときは、${call}に新しい番号を表示してもらい、画面を読み込み直してください。`] });
    if (store.possible) await showBroken().catch(() => {});
    if (!scans.length) return;
    showUnsent(scans, `まだ送っていない受付が ${scans.length}件あります。番号と時刻を紙に控えて、${call}に渡してください。この端末を同じ総会にもう一度接続すると、自動で送ります。`);
  };

  /* ---- keys: physical ones, so that neither IME nor the layout matters --------------------------------------------- */
  let keys = "";
  const keyOf = (code) => {
    if (/^Key[A-Z]$/.test(code)) return code.slice(3);
    if (/^(Digit|Numpad)[0-9]$/.test(code)) return code.slice(-1);
    return { Minus: "-", NumpadSubtract: "-", Slash: "/", NumpadDivide: "/" }[code] || "";
  };
  const fromKeys = () => {
    const plain = bare(keys);
    return tokenIn(plain) || (/^[0-9]{5,10}$/.test(plain) && damm(plain) === 0 ? plain : "");
  };
  const finish = () => {
    const text = fromKeys() || field.value;
    keys = "";
    field.blur(); /* ends what an IME is composing */
    field.value = "";
    field.focus({ preventScroll: true });
    clearFind();
    take(text);
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || mode === "ended") return;
    wake();
    const inField = event.target === field;
    if (event.code === "Enter" || event.code === "NumpadEnter") {
      /* A number typed where people are looked for is looked for; only a reader types a whole token there. */
      if (event.target === term ? tokenIn(bare(keys)) : fromKeys() || (inField && !event.isComposing)) {
        event.preventDefault();
        finish();
      }
      return;
    }
    if (event.code === "Escape") {
      keys = "";
      field.value = "";
    } else if (event.code === "Backspace") keys = keys.slice(0, -1);
    else {
      const key = keyOf(event.code);
      if (!key) {
        if (!/^(Shift|Tab|Arrow|CapsLock|Home|End|Space$|Period|Semicolon)/.test(event.code)) keys = "";
        return;
      }
      keys = (keys + key).slice(-200);
      if (!inField && !event.target.closest("input, textarea, select")) field.focus({ preventScroll: true });
    }
  });
  field.addEventListener("input", (event) => {
    if (["insertFromPaste", "insertFromDrop", "deleteByCut"].includes(event.inputType)) keys = "";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    finish();
  });
  const practice = by("practice");
  if (practice) {
    practice.addEventListener("submit", (event) => {
      event.preventDefault();
      take(desk.practice);
    });
  }
  window.addEventListener("focus", () => field.focus({ preventScroll: true }));

  /* ---- the camera ------------------------------------------------------------------------------------------------- */
  const camera = by("camera-switch");
  const openEye = async (asked) => {
    try {
      await eye.start(by("eye"), take);
      if (camera) camera.textContent = "カメラを止める";
    } catch {
      if (asked) show({ kind: "no", word: "カメラが使えません", next: ["ブラウザでカメラの使用を許可してから、もう一度お試しください。読取機と番号の入力は使えます。"] });
    }
  };
  if (camera && eye.possible) {
    camera.hidden = false;
    camera.addEventListener("click", () => {
      wake();
      if (eye.on()) {
        eye.stop(by("eye"));
        camera.textContent = "カメラで読み取る";
      } else openEye(true);
    });
  }

  /* ---- the installed page ------------------------------------------------------------------------------------------ */
  const keepPage = () => {
    if (!navigator.serviceWorker || !navigator.serviceWorker.controller) return;
    const parts = [...document.querySelectorAll("script[src], link[rel='stylesheet'], link[rel='icon']")].map((one) => one.src || one.href);
    navigator.serviceWorker.controller.postMessage({ keep: { page: desk.page, shell: `${desk.page}?shell=1`, parts: [...parts, desk.jsqr] } });
  };

  const begin = async () => {
    if (store.possible) {
      try {
        const kept = await store.load("roster");
        if (kept) takeRoster(kept);
        seen = (await store.load("seen")) || {};
        waiting = (await store.waiting(desk.assembly)).length;
        await showStrays();
        await showBroken();
      } catch {
        await store.forgetRoster().catch(() => {});
      }
      if (navigator.serviceWorker) {
        navigator.serviceWorker.register(desk.worker, { scope: desk.scope }).catch(() => {});
        navigator.serviceWorker.addEventListener("controllerchange", keepPage);
      }
    }
    sayRoster();
    sayLink();
    field.focus({ preventScroll: true });
    await rounds();
    await fetchRoster();
    window.setInterval(fetchRoster, ROSTER);
    if (alone && eye.possible) openEye(false);
  };
  begin();
})();
