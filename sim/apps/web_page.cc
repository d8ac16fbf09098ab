#include "sim/apps/web_page.hh"

namespace ekspath {
namespace {

constexpr std::string_view welcome = R"(<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>If you see this page, the nginx web server is successfully installed and
working. Further configuration is required.</p>

<p>For online documentation and support please refer to
<a href="http://nginx.org/">nginx.org</a>.<br/>
Commercial support is available at
<a href="http://nginx.com/">nginx.com</a>.</p>

<p><em>Thank you for using nginx.</em></p>
</body>
</html>
)";

constexpr std::string_view not_found =
    "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not "
    "Found</h1></center>\r\n<hr><center>nginx/1.27.4</center>\r\n</body>\r\n</html>\r\n";

}  // namespace

WebPage nginx_page(std::string_view path) {
  const std::string_view file = path.substr(0, path.find('?'));
  if (file != "/" && file != "/index.html") {
    return {
        "404 Not Found",
        "Server: nginx/1.27.4\r\nDate: %D\r\nContent-Type: text/html\r\nContent-Length: %L\r\nConnection: "
        "%C\r\n",
        std::string(not_found)};
  }
  return {"200 OK",
          "Server: nginx/1.27.4\r\nDate: %D\r\nContent-Type: text/html\r\nContent-Length: "
          "%L\r\nLast-Modified: Wed, "
          "05 Feb 2025 11:06:32 GMT\r\nConnection: %C\r\nETag: \"67a34638-267\"\r\nAccept-Ranges: bytes\r\n",
          std::string(welcome)};
}

WebPage agnhost_page(const AgnhostView& view) {
  // Go's net/http: the fields that it adds come sorted by name behind Date and Content-Length's own place.
  WebPage page{"200 OK", "Date: %D\r\nContent-Length: %L\r\nContent-Type: text/plain; charset=utf-8\r\n", ""};
  const std::string_view path = std::string_view(view.path).substr(0, view.path.find('?'));
  if (path == "/hostname" || path == "/hostName") {
    page.body = view.host_name;
  } else if (path == "/clientip") {
    page.body = view.client;
  } else if (path == "/echo") {
    const std::size_t message = view.path.find("msg=");
    if (message != std::string::npos) page.body = view.path.substr(message + 4, view.path.find('&', message));
  } else if (path == "/healthz") {
    page.head = "Date: %D\r\nContent-Length: %L\r\n";
  } else if (path != "/") {
    page = {
        "404 Not Found",
        "Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nDate: %D\r\nContent-"
        "Length: %L\r\n",
        "404 page not found\n"};
  } else {
    page.body = "NOW";  // and the time in the form of Go, which nobody reads
  }
  return page;
}

std::string request_path(std::string_view first_line) {
  const std::size_t begin = first_line.find(' ');
  if (begin == std::string_view::npos) return "/";
  return std::string(first_line.substr(begin + 1, first_line.find(' ', begin + 1) - begin - 1));
}

}  // namespace ekspath
