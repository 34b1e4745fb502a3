# Taproot with the runtime library and the default models inside. No network is needed to run it.

FROM rust:1.95-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-pip \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN python3 scripts/setup.py models
RUN cargo build --release --locked --bin taproot

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tesseract-ocr tesseract-ocr-chi-sim \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/taproot taproot
COPY --from=build /src/target/release/taproot /usr/bin/taproot
COPY --from=build /src/.cache/models /usr/share/taproot/models
COPY --from=build /src/LICENSE /src/NOTICE /usr/share/doc/taproot/
USER taproot
WORKDIR /var/lib/taproot
VOLUME /var/lib/taproot
ENV TAPROOT_DATA=/var/lib/taproot/data \
    TAPROOT_MODELS_DIR=/usr/share/taproot/models \
    TAPROOT_SERVER_ADDRESS=0.0.0.0:8080
EXPOSE 8080
# It does not start before it has a key: docker run --rm -v VOLUME:/var/lib/taproot taproot keys create it --role admin --groups '*'
ENTRYPOINT ["taproot"]
CMD ["serve"]
