# Builds the daemon; the first build compiles RocksDB and takes a while.
FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends libclang-dev libssl-dev zlib1g-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /tailwater
COPY . .
RUN cargo build --release --locked --bin tailwater

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libssl3 zlib1g && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home --home-dir /var/lib/tailwater tailwater
COPY --from=build /tailwater/target/release/tailwater /usr/local/bin/tailwater
USER tailwater
WORKDIR /var/lib/tailwater
ENTRYPOINT ["tailwater"]
CMD ["run"]
