// SPDX-License-Identifier: EUPL-1.2
// Draws the OpenAPI document with Swagger UI.

const place = document.querySelector("#api-docs");

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  validatorUrl: null,
});
