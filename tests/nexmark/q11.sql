-- User sessions: bids with less than 10 seconds between them.
select bidder, session, count(*) as bids, min(date_time) as started, max(date_time) as ended
from (
  select bidder, date_time, sum(opens) over (partition by bidder order by date_time, id) as session
  from (
    select id, bidder, date_time,
      case when date_time - lag(date_time) over (partition by bidder order by date_time, id) < interval '10 seconds' then 0 else 1 end as opens
    from bid
  ) gaps
) numbered
group by bidder, session
