/** `<roop-people>`: the people of the target as cards: who is replaced, and with whose face. */

import { addFaceOf, pictureOf } from "./actions.js";
import { Component, each } from "./component.js";
import { chosen, takeDrops, touch } from "./drops.js";
import { icon } from "./icons.js";
import { html } from "./reactive.js";
import { choice, giveFace, people, pick, pickedPeople, several, target } from "./state.js";
import { t } from "./texts.js";

/** @typedef {import("./reactive.js").Signal<{person: import("./state.js").Person, index: number}>} Row */

class PeoplePanel extends Component {
  render() {
    const known = () => people.value.people;
    const searching = () => target.value && ["none", "searching"].includes(people.value.state);
    const there = () => Boolean(target.value) && (known().length > 0 || searching());
    return html`
      <section class="people" aria-labelledby="people-title" .hidden=${() => !there()}>
        <div class="row">
          <h2 id="people-title">${t("people")}</h2>
          ${() => searching() && html`<p class="note busy" role="status">${t("peopleSearching")}</p>`}
        </div>
        <div class="cards">
          ${each(
            () => known().map((person, index) => ({ person, index })),
            ({ index }) => `${target.peek()?.id} ${index}`,
            personCard,
          )}
          ${() => known().length > 1 && everyone()}
        </div>
        ${() => known().length > 0 && html`<p class="fine">${t(touch ? "peopleHintTap" : "peopleHint")}</p>`}
      </section>`;
  }
}

function everyone() {
  const all = () => choice.value.mode === "all";
  const toggle = () => (choice.value = { ...choice.peek(), mode: all() ? "auto" : "all" });
  return html`<div class="person"><button type="button" class="face all" aria-pressed=${() => `${all()}`} @click=${toggle}>
    ${icon("people")}<span>${t("peopleAll")}</span></button></div>`;
}

/** @param {Row} row */
function personCard(row) {
  const { index } = row.peek();
  const number = index + 1;
  const seen = () => t("frames", { count: row.value.person.frames });
  const own = () => choice.value.faces[index];
  const give = (/** @type {File[]} */ files) => addFaceOf(index, files[0]);
  const card = html`
    <div class="person">
      <button type="button" class="face" aria-pressed=${() => `${pickedPeople().includes(index)}`}
        aria-label=${() => t("personOf", { number, frames: seen() })}
        @click=${(/** @type {MouseEvent} */ event) => pick(index, several(event))}>
        <img alt="" src=${() => `${row.value.person.picture}?${row.value.person.frame}`}>
        <span class="tick">${icon("check")}</span>
      </button>
      <div class="person-face">
        ${() => own()
          ? html`<button type="button" class="own" aria-label=${t("takeFace", { number })} @click=${() => giveFace(index, null)}>
              <img alt="" src=${pictureOf(own(), 160)}>${icon("close")}</button>`
          : html`<label class="icon-button"><input type="file" class="hidden-input" accept="image/*"
              aria-label=${t("giveFace", { number })} @change=${chosen(give)}>${icon("plus")}</label>`}
      </div>
      <p>${() => t("person", { number })}<small>${seen}</small></p>
    </div>`;
  takeDrops(/** @type {HTMLElement} */ (card.firstElementChild), give);
  return card;
}

customElements.define("roop-people", PeoplePanel);
