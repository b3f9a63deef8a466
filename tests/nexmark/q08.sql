-- New users who sell in the 10 seconds in which they came.
-- key: id, start
select distinct p.id, p.name, p.start
from (select id, name, date_bin('10 seconds', date_time, timestamp '2015-01-01') as start from person) p
join (select seller, date_bin('10 seconds', date_time, timestamp '2015-01-01') as start from auction) a
  on p.id = a.seller and p.start = a.start
