// SPDX-License-Identifier: EUPL-1.2
// A map with pins on the grey tiles of the Kadaster. Pins stay when tiles fail; the list on the page shows the same.

const TILES = "https://service.pdok.nl/brt/achtergrondkaart/wmts/v2_0/grijs/EPSG:3857/{z}/{x}/{y}.png";

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

  const places = pins.map((pin) => addPin(leaflet, map, pin));
  if (places.length > 1) map.fitBounds(leaflet.latLngBounds(places), { padding: [36, 36], maxZoom: 15 });
}

function addPin(leaflet, map, pin) {
  const face = document.createElement("span");
  face.className = "pin";
  face.textContent = pin.text;
  const width = Math.max(36, 16 + pin.text.length * 10);
  const icon = leaflet.divIcon({ html: face, className: "", iconSize: [width, 32], iconAnchor: [0, 32] });
  const place = [pin.latitude, pin.longitude];
  const marker = leaflet.marker(place, { icon, title: pin.title, alt: pin.title, keyboard: true }).addTo(map);
  marker.getElement().setAttribute("aria-label", `${pin.text}: ${pin.title}`);
  if (pin.url) marker.bindPopup(() => popup(pin));
  return place;
}

function popup(pin) {
  const box = document.createElement("div");
  const link = document.createElement("a");
  link.href = pin.url;
  link.textContent = pin.title;
  box.append(link);
  if (pin.detail) {
    const detail = document.createElement("div");
    detail.textContent = pin.detail;
    box.append(detail);
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
