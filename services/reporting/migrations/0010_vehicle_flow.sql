-- migrate:up

-- vehicle_flow
create table vehicle_flow (
  day date not null,
  compound text not null,
  hour smallint not null,
  vehicles_in int not null,
  vehicles_out int not null,
  vehicles_held int not null,
  vehicles_refused int not null,
  primary key (day, compound, hour)
);

-- migrate:down
drop table vehicle_flow;
