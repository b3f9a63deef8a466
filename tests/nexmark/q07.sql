-- Highest bid of each 10 seconds.
-- key: id
select b.id, b.auction, b.price, b.bidder, b.date_time, b.extra
from bid b
join (
  select max(price) as most, date_bin('10 seconds', date_time, timestamp '2015-01-01') as start
  from bid group by 2
) m on b.price = m.most and b.date_time >= m.start and b.date_time < m.start + interval '10 seconds'
