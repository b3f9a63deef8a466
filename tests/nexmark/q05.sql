-- Hot items: the auctions with the most bids in each window of 10 seconds that begins every 2 seconds.
with counts as (
  select b.auction, w.start, count(*) as num
  from bid b
  cross join lateral generate_series(
    date_bin('2 seconds', b.date_time, timestamp '2015-01-01') - interval '8 seconds',
    date_bin('2 seconds', b.date_time, timestamp '2015-01-01'),
    interval '2 seconds') as w(start)
  group by b.auction, w.start
)
select c.auction, c.start, c.num
from counts c
join (select start, max(num) as most from counts group by start) m on c.start = m.start and c.num >= m.most
