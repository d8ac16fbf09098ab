#pragma once

#include <string>
#include <string_view>

namespace ekspath {

/// What a web server says to one request, but for what every answer has: `%D` stands for the date and `%L`
/// for the length of the body and `%C` for keep-alive or close.
struct WebPage {
  std::string status = "200 OK";
  std::string head;  // the fields in their order, each with its \r\n
  std::string body;
};

/// nginx 1.27.4 as its image on Docker Hub is configured: the welcome page, 404 for the rest.
/// observed: docker.io/library/nginx:1.27.4
[[nodiscard]] WebPage nginx_page(std::string_view path);

/// agnhost netexec 2.47: what it tells about the caller and itself. Kubernetes
/// test/images/agnhost/netexec/netexec.go; /dial, /upload and /shell are not modelled (404).
struct AgnhostView {
  std::string path;    // with its query
  std::string client;  // "10.0.1.25:40000"
  std::string host_name;
};
[[nodiscard]] WebPage agnhost_page(const AgnhostView& view);

/// "/index.html" of "GET /index.html HTTP/1.1"; "/" of what is none.
[[nodiscard]] std::string request_path(std::string_view first_line);

}  // namespace ekspath
