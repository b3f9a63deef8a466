-- Selection: bids of some auctions (of every 123rd in the benchmark, of which so few events have none).
select id, auction, price from bid where mod(auction, 13) = 0
