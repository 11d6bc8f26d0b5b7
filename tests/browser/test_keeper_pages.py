"""Inspectors on the spot, with and without a network, and the unit that puts right what they found."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import FilePayload, expect

from shared.pages.languages import COOKIE as LANGUAGE
from shared.testing.waiting import eventually
from tests.browser.compound import compound, disinfected, picture, site
from tests.browser.place import PATIENT, Place

HERE = "lj-001"  # the property manager's account is of this compound


@pytest.fixture(scope="module")
async def kept(office: Place) -> Place:
    """A compound with two sites, one of them disinfected."""
    await compound(office.stack, HERE, "净安东苑")
    lift = await site(office.stack, HERE, 71, "lift", "1幢电梯")
    await site(office.stack, HERE, 72, "stairwell", "1幢楼道")
    await disinfected(office.stack, lift, office.stack.now() - timedelta(hours=1))
    return office


@pytest.mark.scenario("S5")
@pytest.mark.requirement("R5.4")
async def test_what_fails_on_the_spot_is_ordered_mended_by_the_unit_and_closed_by_somebody_else(
    kept: Place,
) -> None:
    async with kept.window("supervisor", face="sanitation", width=360, height=740) as inspector:
        page = inspector.page
        await inspector.go(f"/inspect?compound={HERE}")
        await page.evaluate("navigator.serviceWorker.ready")
        for what in ("&inspected=site", "&inspected=property_company"):
            name = f"/inspect?compound={HERE}{what}"
            await page.wait_for_function(
                "(name) => caches.match(name).then(Boolean)", arg=name, timeout=PATIENT
            )
        await inspector.accessible()
        await inspector.fits()
        await inspector.shot("inspect")

        # The network goes away: another checklist, a fault with a photo, and one without proof.
        await inspector.context.set_offline(True)
        await page.get_by_role("link", name="消杀点位", exact=True).last.click()
        await page.get_by_label("消杀点位").last.select_option(f"{HERE}-s71")
        checks = page.locator("[data-item]")
        for nth in range(await checks.count()):
            await checks.nth(nth).get_by_role("radio", name="合格", exact=True).check()
        await checks.first.get_by_role("radio", name="不合格").check()
        await page.get_by_role("button", name="保存检查").click()
        await expect(page.locator("[data-fault]")).to_contain_text("的说明或照片")
        await checks.first.locator("summary").click()
        await checks.first.get_by_label("看到的情况").fill("轿厢地面有积水和纸屑")
        await checks.first.get_by_label("照片").set_input_files(
            FilePayload(name="a.jpg", mimeType="image/jpeg", buffer=picture("brown"))
        )
        await page.get_by_role("button", name="保存检查").dblclick()
        await expect(page.locator("#queue [data-count]")).to_have_text("待传 1")
        await inspector.context.set_offline(False)
        await expect(page.locator("#said")).to_contain_text("已记录，开出整改单 1 张。", timeout=PATIENT)
        await inspector.go(f"/inspections?compound={HERE}")
        await page.locator("tbody th a").first.click()
        await expect(page.locator("main")).to_contain_text("轿厢地面有积水和纸屑")
        await page.get_by_role("link", name="整改单 1").click()
        order = re.sub(r"^https?://[^/]+", "", page.url)

        # A round is looked at again at its place.
        await inspector.go(f"/spot-checks?compound={HERE}")
        article = page.locator("article").first
        await article.get_by_label("现场标牌上的编号").fill(f"{HERE}-s71")
        await article.get_by_role("radio", name="与记录相符").check()
        await inspector.accessible()
        await inspector.fits()
        await article.get_by_role("button", name="保存抽查").click()
        await expect(page.locator("#said")).to_contain_text("已记录。", timeout=PATIENT)
        inspector.complaints = [one for one in inspector.complaints if "ERR_INTERNET_DISCONNECTED" not in one]

    async with kept.window("property_manager", face="sanitation") as manager:
        page = manager.page
        await manager.go("/orders")
        await manager.accessible()
        await manager.shot("orders")
        await manager.go(order)
        await expect(page.get_by_role("button", name="确认已整改")).to_have_count(0)
        await page.get_by_label("整改情况").fill("已清理并重新消毒")
        await page.locator("#photo-mended").set_input_files(
            FilePayload(name="b.jpg", mimeType="image/jpeg", buffer=picture("green"))
        )
        await page.get_by_role("button", name="报整改完成").dblclick()
        await expect(page.locator(".facts .chip").first).to_have_text("待复核")
        await page.go_back()
        await manager.go(order)
        await manager.accessible()
        await manager.shot("order")
        await manager.go("/property")
        await manager.accessible()
        await manager.shot("property")
        await manager.go("/sites")
        await expect(page.locator("tbody tr").first).to_contain_text("1幢电梯")
        await manager.accessible()
        await manager.shot("sites")

    async with kept.window("supervisor", face="sanitation") as inspector:
        page = inspector.page
        await inspector.go(order)
        await page.get_by_label("复核看到的").fill("看过，已清理")
        await page.get_by_role("button", name="确认已整改").click()
        await inspector.sees("发现人、整改人不得复核本单。")
        await expect(page.get_by_label("复核看到的")).to_have_value("看过，已清理")
        inspector.complaints = [one for one in inspector.complaints if "403" not in one]

    async with kept.window("hq_officer", face="sanitation", width=320, height=640) as officer:
        page = officer.page
        await officer.go(order)
        await officer.fits()
        await page.get_by_label("复核看到的").fill("现场已清理")
        await page.get_by_role("button", name="确认已整改").click()
        await expect(page.locator(".facts .chip").first).to_have_text("已整改")
        seen = await page.request.get(
            await page.get_by_role("link", name="看照片").first.get_attribute("href") or ""
        )
        assert (seen.status, seen.headers["content-type"]) == (200, "image/jpeg")
        assert b"CANARY-CAMERA" not in await seen.body()
        pages = (
            "figures",
            "venues",
            "sites",
            "orders",
            "orders/new",
            "inspections",
            "property",
            "book",
            "inspect",
        )
        for language in ("zh-CN", "en"):
            await officer.context.add_cookies([{"name": LANGUAGE, "value": language, "url": page.url}])
            for path in (*pages, "site-reports", "spot-checks", "pickups"):
                await officer.go(f"/{path}?compound={HERE}")
                await officer.fits()
                await officer.accessible()
            await officer.shot(f"narrow-{language}")
        await officer.go(f"/inspect?compound={HERE}")
        await officer.shot("inspect-en")
        await officer.context.clear_cookies(name=LANGUAGE)
        await officer.go("/figures")
        await officer.shot("figures")

    async def closed() -> bool:
        found = await kept.stack.call(
            "GET", "sanitation", "/v1/orders?open=false", headers=kept.stack.as_role("hq_officer")
        )
        return bool(found["items"])

    await eventually(closed, within=20, what="the order is closed")


@pytest.mark.requirement("R5.1", "R5.3")
async def test_a_keeper_registers_a_site_and_a_venue_and_prints_the_codes(kept: Place) -> None:
    async with kept.window("community_clerk", face="sanitation") as clerk:
        page = clerk.page
        await clerk.go("/")
        await clerk.shot("sanitation-start")
        await clerk.go(f"/sites?compound={HERE}")
        await page.get_by_label("编号").fill(f"{HERE}-s71")
        await page.get_by_label("名称").fill("另一处")
        await page.get_by_role("button", name="登记", exact=True).click()
        await clerk.sees("该点位编号已被使用")
        await expect(page.get_by_label("名称")).to_have_value("另一处")
        await clerk.accessible()
        await page.get_by_label("编号").fill(f"{HERE}-s73")
        await page.get_by_role("button", name="登记", exact=True).dblclick()
        await expect(page.locator(f"#s-{HERE}-s73")).to_contain_text("另一处")
        await page.locator(f"#s-{HERE}-s73 a").click()
        await page.get_by_label("从哪天起").fill("2020-02-24")
        await clerk.accessible()
        await clerk.shot("site")
        await page.get_by_role("button", name="停用").click()
        await clerk.sees("恢复为止")
        await clerk.go(f"/sites?compound={HERE}")
        await expect(page.locator(f"#s-{HERE}-s73 .chip")).to_have_text("停用")
        sheet = await page.get_by_role("link", name="打印点位码").get_attribute("href")
        assert f"{HERE}-s71" in await (await page.request.get(sheet or "")).text()
        await clerk.go(f"/venues?compound={HERE}")
        await page.get_by_label("招牌名称").fill("好运棋牌室")
        await page.get_by_role("button", name="登记为关闭").click()
        await expect(page.locator("tbody tr").first).to_contain_text("关闭")
        await clerk.accessible()
        await clerk.shot("venues")
        clerk.complaints = [one for one in clerk.complaints if "422" not in one]
