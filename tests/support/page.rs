//! One HTML page on an origin of its own, for a widget to be embedded in.

use std::net::TcpListener;

use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};

/// Serves the page for as long as the tests run, and gives its address.
pub fn serve(html: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let html = Data::new(html);
    std::thread::spawn(move || {
        let app = move || App::new().app_data(html.clone()).service(web::resource("/").to(page));
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).expect("it listens").run();
        actix_web::rt::System::new().block_on(server)
    });
    format!("http://localhost:{port}/")
}

async fn page(html: Data<String>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html.get_ref().clone())
}
