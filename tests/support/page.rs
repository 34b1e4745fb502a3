//! One HTML page on an origin of its own, for a widget to be embedded in.

use std::net::TcpListener;

use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};

/// Serves the page for as long as the tests run, and gives its address.
pub fn serve(html: String) -> String {
    let (listener, address) = place();
    answer(listener, html, None);
    address
}

/// The same under a content security policy.
pub fn serve_under(policy: String, html: String) -> String {
    let (listener, address) = place();
    answer(listener, html, Some(policy));
    address
}

/// Where a page will be served, for those who have to know it before there is a page.
pub fn place() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, format!("http://localhost:{port}/"))
}

/// Serves the page at its place.
pub fn answer(listener: TcpListener, html: String, policy: Option<String>) {
    let page = Data::new((html, policy));
    std::thread::spawn(move || {
        let app = move || App::new().app_data(page.clone()).service(web::resource("/").to(show));
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).expect("it listens").run();
        actix_web::rt::System::new().block_on(server)
    });
}

async fn show(page: Data<(String, Option<String>)>) -> HttpResponse {
    let (html, policy) = page.get_ref();
    let mut response = HttpResponse::Ok();
    if let Some(policy) = policy {
        response.insert_header(("content-security-policy", policy.as_str()));
    }
    response.content_type("text/html; charset=utf-8").body(html.clone())
}
