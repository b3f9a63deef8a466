//! Counts requests of both protocols; shown by `/metrics`.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counters of requests; cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct RequestCounters {
    http: Family<HttpLabels, Counter>,
    redis: Family<RedisLabels, Counter>,
    /// Redis protocol connections that are open.
    pub redis_connections: Gauge,
    /// Redis protocol connections since the start.
    pub redis_connections_opened: Counter,
    /// Redis protocol commands that were answered with an error.
    pub redis_errors: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HttpLabels {
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RedisLabels {
    command: &'static str,
}

impl RequestCounters {
    /// Counts one answered HTTP request; `route` is the pattern, never the path.
    pub fn count_http(&self, route: &'static str, status: u16) {
        self.http.get_or_create(&HttpLabels { route, status }).inc();
    }

    /// The counter of one Redis command, to be kept by whoever counts often.
    pub fn redis_command(&self, command: &'static str) -> Counter {
        self.redis.get_or_create(&RedisLabels { command }).clone()
    }

    /// Makes the counters visible under their names.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("tailwater_http_requests", "HTTP requests answered", self.http.clone());
        registry.register("tailwater_redis_commands", "Redis protocol commands received", self.redis.clone());
        registry.register("tailwater_redis_errors", "Redis protocol errors answered", self.redis_errors.clone());
        registry.register(
            "tailwater_redis_connections",
            "Redis protocol connections open",
            self.redis_connections.clone(),
        );
        registry.register(
            "tailwater_redis_connections_opened",
            "Redis protocol connections opened",
            self.redis_connections_opened.clone(),
        );
    }
}
