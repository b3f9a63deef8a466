create table airlines (carrier text primary key, name text not null);
create table airports (
    faa text primary key, name text not null, lat double precision, lon double precision, alt integer, tz integer, dst text, tzone text
);
create table planes (
    tailnum text primary key, year integer, type text, manufacturer text, model text, engines integer, seats integer, speed integer,
    engine text
);
create table weather (
    origin text not null, temp numeric(5, 2), dewp numeric(5, 2), humid numeric(5, 2), wind_dir integer, wind_speed double precision,
    wind_gust double precision, precip numeric(4, 2), pressure numeric(5, 1), visib numeric(4, 2), time_hour timestamptz not null,
    primary key (origin, time_hour)
);
create table flights (
    id integer primary key, dep_time integer, sched_dep_time integer, dep_delay integer, arr_time integer, sched_arr_time integer,
    arr_delay integer, carrier text not null references airlines, flight integer, tailnum text, origin text not null, dest text not null,
    air_time integer, distance integer, time_hour timestamptz not null
);
