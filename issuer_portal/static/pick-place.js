// SPDX-License-Identifier: EUPL-1.2
// Choose a place by a click on the map: fills the two fields of degrees, and follows what is typed there.

const TILES = "https://service.pdok.nl/brt/achtergrondkaart/wmts/v2_0/grijs/EPSG:3857/{z}/{x}/{y}.png";

export async function enhancePickPlace(element) {
  const [lat, lon] = element.dataset.pickPlace.split(" ").map((id) => document.getElementById(id));
  if (!lat || !lon) return;
  await Promise.all([loadStyle(element.dataset.leafletStyle), import(element.dataset.leaflet)]);
  const leaflet = globalThis.L;
  element.hidden = false;
  for (const hint of document.querySelectorAll(".pick-place-hint")) hint.hidden = false;

  const { latitude, longitude, zoom, credit, label } = element.dataset;
  const map = leaflet.map(element, { scrollWheelZoom: false, fadeAnimation: false, zoomAnimation: false });
  element.setAttribute("role", "region");
  element.setAttribute("aria-label", label);
  map.attributionControl.setPrefix(false);
  map.setView([Number(latitude), Number(longitude)], Number(zoom));
  leaflet.tileLayer(TILES, { attribution: credit, minZoom: 6, maxZoom: 19 }).addTo(map);

  let marker = null;
  const show = (place) => {
    if (marker) marker.setLatLng(place);
    else marker = leaflet.marker(place, { icon: pinIcon(leaflet), draggable: true, keyboard: false }).addTo(map).on("dragend", () => fill(marker.getLatLng()));
  };
  const fill = (place) => {
    lat.value = place.lat.toFixed(6);
    lon.value = place.lng.toFixed(6);
  };
  const follow = () => {
    const place = [degrees(lat), degrees(lon)];
    if (place.every(Number.isFinite)) show(place);
  };

  map.on("click", (event) => {
    show(event.latlng);
    fill(event.latlng);
  });
  lat.addEventListener("change", follow);
  lon.addEventListener("change", follow);
  follow();
}

function degrees(input) {
  const text = input.value.trim().replace(",", ".");
  return text ? Number(text) : Number.NaN;
}

function pinIcon(leaflet) {
  const face = document.createElement("span");
  face.className = "pin pick-pin";
  return leaflet.divIcon({ html: face, className: "", iconSize: [30, 30], iconAnchor: [0, 30] });
}

function loadStyle(href) {
  return new Promise((resolve) => {
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
  });
}

for (const element of document.querySelectorAll("[data-pick-place]")) enhancePickPlace(element);
