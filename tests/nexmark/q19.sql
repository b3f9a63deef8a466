-- The ten highest bids of each auction.
-- key: id
select * from (select *, row_number() over (partition by auction order by price desc, id) as place from bid) q
where place <= 10
