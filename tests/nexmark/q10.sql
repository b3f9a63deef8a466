-- Log to files: partitions by day and minute.
select id, auction, bidder, price, date_time, extra, to_char(date_time, 'YYYY-MM-DD') as day, to_char(date_time, 'HH24:MI') as minute
from bid
