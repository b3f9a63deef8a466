-- The last bid of each bidder in each auction.
select id, auction, bidder, price, channel, url, date_time, extra
from (select *, row_number() over (partition by bidder, auction order by date_time desc, id) as place from bid) q
where place <= 1
