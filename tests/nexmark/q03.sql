-- Local item suggestion: who sells in some states.
select a.id, p.name, p.city, p.state
from auction a join person p on a.seller = p.id
where a.category = 10 and p.state in ('OR', 'ID', 'CA')
