/* Looking for somebody in the roster of a desk without a connection. How names are made equal comes with the roster, from
   the rules that the server searches by; readings and codes of companies are not in it. */
window.deskFind = (() => {
  "use strict";
  const MOST = 30;

  /* { from, to, legal, unseen }: signs replaced one by one, then legal forms and signs that nobody types taken out. */
  const folder = ({ from, to, legal, unseen }) => {
    const others = [...to];
    const table = new Map([...from].map((sign, place) => [sign, others[place]]));
    const forms = new RegExp(legal, "gu");
    const dropped = new RegExp(`[\\s\\p{Cc}\\p{Cf}\\p{Cs}${unseen}]`, "gu");
    return (text) => {
      const plain = [...text.normalize("NFKC").toLowerCase()].map((sign) => table.get(sign) || sign).join("").replace(dropped, "");
      return plain.replace(forms, "") || plain;
    };
  };

  /* Up to MOST tickets whose company or person contains what was typed, or whose number it is. */
  const find = (roster, term, number) => {
    const key = roster.fold(term);
    if (!key) return [];
    const found = [];
    for (const one of roster.byNumber.values()) {
      if (one.keys === undefined) one.keys = [roster.fold(one.company), roster.fold(one.name)];
      if (one.number === number || String(one.number) === key || one.keys.some((kept) => kept.includes(key))) found.push(one);
      if (found.length > MOST) break;
    }
    return found;
  };

  return { MOST, folder, find };
})();
