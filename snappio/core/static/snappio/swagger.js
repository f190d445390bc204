// Starts Swagger UI; a file of its own, so that the page needs no inline script.
const page = document.getElementById("swagger-ui");
SwaggerUIBundle({
  url: page.dataset.url,
  domNode: page,
  deepLinking: true,
  persistAuthorization: true,
  // Otherwise a badge is fetched from elsewhere.
  validatorUrl: null,
});
