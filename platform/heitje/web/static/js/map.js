// SPDX-License-Identifier: EUPL-1.2
// A map with pins on the grey tiles of the Kadaster. Pins stay when tiles fail; the list on the page shows the same.

const TILES = "https://service.pdok.nl/brt/achtergrondkaart/wmts/v2_0/grijs/EPSG:3857/{z}/{x}/{y}.png";

const CLOSEST = 18;

export async function showMap(element) {
  const pins = JSON.parse(element.querySelector("script[type='application/json']").textContent);
  await Promise.all([loadStyle(), import("../vendor/leaflet/leaflet.js")]);
  const leaflet = globalThis.L;
  element.replaceChildren();

  const { latitude, longitude, zoom, credit, zoomIn, zoomOut } = element.dataset;
  const map = leaflet.map(element, { scrollWheelZoom: false, fadeAnimation: false, zoomAnimation: false, zoomControl: false });
  leaflet.control.zoom({ zoomInTitle: zoomIn, zoomOutTitle: zoomOut }).addTo(map);
  map.attributionControl.setPrefix(false);
  map.setView([Number(latitude), Number(longitude)], Number(zoom));
  leaflet.tileLayer(TILES, { attribution: credit, minZoom: 6, maxZoom: 19 }).addTo(map);

  if (pins.length > 1) map.fitBounds(leaflet.latLngBounds(pins.map(placeOf)), { padding: [36, 36], maxZoom: 15 });

  const drawn = leaflet.layerGroup().addTo(map);
  const draw = () => {
    drawn.clearLayers();
    for (const group of groupsOf(map, pins)) {
      if (group.pins.length === 1) addPin(leaflet, drawn, group.pins[0]);
      else addGroup(leaflet, map, drawn, group.pins, element.dataset.together);
    }
  };
  map.on("zoomend", draw);
  draw();
}

const placeOf = (pin) => [pin.latitude, pin.longitude];

// Pins that would cover each other stand together as one, so that each can be hit with a thumb.
function groupsOf(map, pins) {
  const groups = [];
  for (const pin of pins) {
    const at = map.project(placeOf(pin));
    const near = groups.find((group) => Math.abs(group.at.x - at.x) < 60 && Math.abs(group.at.y - at.y) < 40);
    if (near) near.pins.push(pin);
    else groups.push({ at, pins: [pin] });
  }
  return groups;
}

function addPin(leaflet, layer, pin) {
  const marker = addMarker(leaflet, layer, { ...pin, said: `${pin.text}: ${pin.title}` }, "pin");
  if (pin.url) marker.bindPopup(() => popup([pin]));
}

function addGroup(leaflet, map, layer, pins, together) {
  const title = together.replace("{count}", pins.length);
  const marker = addMarker(leaflet, layer, { ...pins[0], text: `${pins.length}×`, title, said: title }, "pin pin-group");
  if (map.getZoom() >= CLOSEST) {
    marker.bindPopup(() => popup(pins.filter((pin) => pin.url)), { maxHeight: 200 });
    return;
  }
  const bounds = leaflet.latLngBounds(pins.map(placeOf));
  const fitting = map.getBoundsZoom(bounds, false, leaflet.point(96, 96));
  marker.on("click", () => {
    map.setView(bounds.getCenter(), Math.min(CLOSEST, Math.max(fitting, map.getZoom() + 1)));
    map.getContainer().focus();
  });
}

function addMarker(leaflet, layer, { text, title, said, ...pin }, look) {
  const face = document.createElement("span");
  face.className = look;
  face.textContent = text;
  const width = Math.max(36, 16 + text.length * 10);
  const icon = leaflet.divIcon({ html: face, className: "", iconSize: [width, 32], iconAnchor: [0, 32] });
  const marker = leaflet.marker(placeOf(pin), { icon, title, alt: title, keyboard: true }).addTo(layer);
  marker.getElement().setAttribute("aria-label", said);
  return marker;
}

function popup(pins) {
  const box = document.createElement("div");
  box.append(...pins.map(entry));
  return box;
}

function entry(pin) {
  const box = document.createElement("p");
  const link = document.createElement("a");
  link.href = pin.url;
  link.textContent = pin.title;
  box.append(link);
  if (pin.detail) {
    const detail = document.createElement("span");
    detail.textContent = pin.detail;
    box.append(document.createElement("br"), detail);
  }
  return box;
}

function loadStyle() {
  const href = new URL("../vendor/leaflet/leaflet.css", import.meta.url).href;
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
  return new Promise((resolve) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: resolve, onerror: resolve });
    document.head.append(link);
  });
}
