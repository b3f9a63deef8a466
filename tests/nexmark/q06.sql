-- Average selling price by seller over the last ten closed auctions.
select q.id, q.seller, avg(q.final) over (partition by q.seller order by q.date_time, q.id rows between 10 preceding and current row) as average
from (
  select a.id, a.seller, b.price as final, b.date_time,
    row_number() over (partition by a.id order by b.price desc, b.id) as place
  from auction a join bid b on a.id = b.auction and b.date_time between a.date_time and a.expires
) q
where q.place <= 1
